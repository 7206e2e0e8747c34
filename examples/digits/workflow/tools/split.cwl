cwlVersion: v1.2
class: CommandLineTool
label: Deal out into training, validation and test
baseCommand: python3
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/split.py}
    inputBinding: {position: 0}
  digits:
    type: File
    inputBinding: {position: 1}
  seed:
    type: int
    inputBinding: {position: 2}
  share:
    type: float
    inputBinding: {position: 3}
outputs:
  train:
    type: File
    outputBinding: {glob: train.csv}
  validation:
    type: File
    outputBinding: {glob: validation.csv}
  test:
    type: File
    outputBinding: {glob: test.csv}
