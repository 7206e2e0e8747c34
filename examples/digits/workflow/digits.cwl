cwlVersion: v1.2
class: Workflow
label: Read handwritten digits
doc: Trains one model for each regularisation strength, keeps the best and shows how well it reads.
requirements:
  ScatterFeatureRequirement: {}

inputs:
  digits:
    type: File
    label: Raw images, 64 pixels and a label a line
  strengths:
    type: float[]
    label: Values of C to try
    default: [0.01, 0.1, 1, 10, 100]
  seed:
    type: int
    label: Decides which digit goes into which set
    default: 7
  share:
    type: float
    label: Part of the digits kept for validation, and as much for the test
    default: 0.2

outputs:
  model:
    type: File
    label: The best model
    outputSource: evaluate/model
  metrics:
    type: File
    label: How well it reads
    outputSource: evaluate/metrics
  picture:
    type: File
    label: Both in one picture
    outputSource: plot/picture
  test:
    type: File
    label: The digits that no training saw
    outputSource: split/test

steps:
  prepare:
    run: tools/prepare.cwl
    in: {raw: digits}
    out: [digits]
  split:
    run: tools/split.cwl
    in: {digits: prepare/digits, seed: seed, share: share}
    out: [train, validation, test]
  train:
    run: tools/train.cwl
    scatter: strength
    in: {digits: split/train, strength: strengths}
    out: [model]
  evaluate:
    run: tools/evaluate.cwl
    in: {models: train/model, validation: split/validation, test: split/test}
    out: [model, metrics]
  plot:
    run: tools/plot.cwl
    in: {metrics: evaluate/metrics}
    out: [picture]
