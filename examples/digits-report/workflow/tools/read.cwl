cwlVersion: v1.2
class: CommandLineTool
label: Let the model read the test digits
baseCommand: python3
requirements:
  EnvVarRequirement:
    envDef: {OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1"}
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/read.py}
    inputBinding: {position: 0}
  model:
    type: File
    inputBinding: {position: 1}
  test:
    type: File
    inputBinding: {position: 2}
outputs:
  readings:
    type: File
    outputBinding: {glob: readings.json}
