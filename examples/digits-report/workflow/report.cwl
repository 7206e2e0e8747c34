cwlVersion: v1.2
class: Workflow
label: Report on a model that reads digits
doc: Looks at what a trained model gets wrong, and why; its inputs are outputs of the digits workflow.

inputs:
  model:
    type: File
    label: The model, as digits writes it
  metrics:
    type: File
    label: How it was chosen
  test:
    type: File
    label: Digits it was not trained on
  title:
    type: string
    label: Headline of the report
    default: What the model sees

outputs:
  report:
    type: File
    label: The report, one page that needs nothing beside it
    outputSource: write/page
  picture:
    type: File
    label: Its picture
    outputSource: draw/png

steps:
  read:
    run: tools/read.cwl
    in: {model: model, test: test}
    out: [readings]
  draw:
    run: tools/draw.cwl
    in: {model: model, readings: read/readings}
    out: [png]
  write:
    run: tools/write.cwl
    in: {title: title, metrics: metrics, readings: read/readings, png: draw/png}
    out: [page]
