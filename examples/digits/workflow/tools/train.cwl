cwlVersion: v1.2
class: CommandLineTool
label: Fit one model
baseCommand: python3
requirements:
  EnvVarRequirement:
    # One thread a step: steps run beside each other, and sums come out the same everywhere.
    envDef: {OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1"}
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/train.py}
    inputBinding: {position: 0}
  digits:
    type: File
    inputBinding: {position: 1}
  strength:
    type: float
    inputBinding: {position: 2}
outputs:
  model:
    type: File
    outputBinding: {glob: "model-*.json"}
