cwlVersion: v1.2
class: CommandLineTool
label: Draw accuracy and confusions
baseCommand: python3
requirements:
  EnvVarRequirement:
    envDef: {OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MPLCONFIGDIR: $(runtime.tmpdir)}
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/plot.py}
    inputBinding: {position: 0}
  metrics:
    type: File
    inputBinding: {position: 1}
arguments: [{position: 2, valueFrom: digits.png}]
outputs:
  picture:
    type: File
    outputBinding: {glob: digits.png}
