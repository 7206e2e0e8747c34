cwlVersion: v1.2
class: CommandLineTool
label: Draw weights and mistakes
baseCommand: python3
requirements:
  EnvVarRequirement:
    envDef: {OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", MPLCONFIGDIR: $(runtime.tmpdir)}
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/draw.py}
    inputBinding: {position: 0}
  model:
    type: File
    inputBinding: {position: 1}
  readings:
    type: File
    inputBinding: {position: 2}
arguments: [{position: 3, valueFrom: report.png}]
outputs:
  png:
    type: File
    outputBinding: {glob: report.png}
