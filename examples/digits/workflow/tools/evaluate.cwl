cwlVersion: v1.2
class: CommandLineTool
label: Choose the best and test it
baseCommand: python3
requirements:
  EnvVarRequirement:
    envDef: {OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1"}
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/evaluate.py}
    inputBinding: {position: 0}
  validation:
    type: File
    inputBinding: {position: 1}
  test:
    type: File
    inputBinding: {position: 2}
  models:
    type: File[]
    inputBinding: {position: 3}
outputs:
  model:
    type: File
    outputBinding: {glob: model.json}
  metrics:
    type: File
    outputBinding: {glob: metrics.json}
