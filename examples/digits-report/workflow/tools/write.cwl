cwlVersion: v1.2
class: CommandLineTool
label: Write the page
baseCommand: python3
inputs:
  script:
    type: File
    default: {class: File, location: ../scripts/write.py}
    inputBinding: {position: 0}
  title:
    type: string
    inputBinding: {position: 1}
  metrics:
    type: File
    inputBinding: {position: 2}
  readings:
    type: File
    inputBinding: {position: 3}
  png:
    type: File
    inputBinding: {position: 4}
outputs:
  page:
    type: File
    outputBinding: {glob: report.html}
