class: Workflow
cwlVersion: v1.0
requirements:
  DockerRequirement:
    dockerPull: python:3.11-slim
inputs:
  - id: model_name
    type: string
    default: model.txt
outputs:
  - id: report
    type: File
    outputSource: validate_model/report
steps:
  train:
    run:
      class: CommandLineTool
      baseCommand: [sh, -c, 'echo 42 > "$0"']
      inputs:
        - id: model_name
          type: string
          inputBinding: {position: 1}
      outputs:
        - id: model
          type: File
          outputBinding:
            glob: $(inputs.model_name)
    in:
      model_name: model_name
    out: [model]
  validate_model:
    run:
      class: CommandLineTool
      baseCommand: [bash, -c, 'echo "ERROR: the model is only 42" >&2; cp "$0" validation_report.txt; exit 3']
      inputs:
        - id: model
          type: File
          inputBinding: {position: 1}
      outputs:
        - id: report
          type: File
          outputBinding:
            glob: validation_report.txt
    in:
      model: train/model
    out: [report]
