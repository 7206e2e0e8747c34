cwlVersion: v1.2
class: CommandLineTool
label: Check and scale
baseCommand: python3
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/prepare.py}
    inputBinding: {position: 0}
  raw:
    type: File
    inputBinding: {position: 1}
arguments: [{position: 2, valueFrom: prepared.csv}]
outputs:
  digits:
    type: File
    outputBinding: {glob: prepared.csv}
