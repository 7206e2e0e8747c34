# In the structure of ReProv's own examples: lists of inputs and outputs, steps as a map, names of files as inputs.
class: Workflow
cwlVersion: v1.0
requirements:
  DockerRequirement:
    dockerPull: python:3.11-slim
inputs:
  - id: digits
    type: string
    default: "3 1 4 1 5 9 2 6"
  - id: train_dataset_name
    type: string
    default: train.txt
  - id: test_dataset_name
    type: string
    default: test.txt
  - id: model_name
    type: string
    default: model.txt
  - id: results_name
    type: string
    default: results.txt
outputs:
  - id: results
    type: File
    outputSource: evaluate/results
steps:
  download_ds:
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'echo "drawn: $0" >&2; echo $0 | cut -d" " -f1-4 > "$1"; echo $0 | cut -d" " -f5-8 > "$2"']
      inputs:
        - id: digits
          type: string
          inputBinding: {position: 1}
        - id: train_dataset_name
          type: string
          inputBinding: {position: 2}
        - id: test_dataset_name
          type: string
          inputBinding: {position: 3}
      outputs:
        - id: train_dataset
          type: File
          outputBinding:
            glob: $(inputs.train_dataset_name)
        - id: test_dataset
          type: File
          outputBinding:
            glob: $(inputs.test_dataset_name)
    in:
      digits: digits
      train_dataset_name: train_dataset_name
      test_dataset_name: test_dataset_name
    out: [train_dataset, test_dataset]
  train:
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'wc -w < "$0" > "$1"']
      inputs:
        - id: train_dataset
          type: File
          inputBinding: {position: 1}
        - id: model_name
          type: string
          inputBinding: {position: 2}
      outputs:
        - id: model
          type: File
          outputBinding:
            glob: $(inputs.model_name)
    in:
      train_dataset: download_ds/train_dataset
      model_name: model_name
    out: [model]
  evaluate:
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'cat "$0" "$1" > "$2"']
      inputs:
        - id: test_dataset
          type: File
          inputBinding: {position: 1}
        - id: model
          type: File
          inputBinding: {position: 2}
        - id: results_name
          type: string
          inputBinding: {position: 3}
      outputs:
        - id: results
          type: File
          outputBinding:
            glob: $(inputs.results_name)
    in:
      test_dataset: download_ds/test_dataset
      model: train/model
      results_name: results_name
    out: [results]
