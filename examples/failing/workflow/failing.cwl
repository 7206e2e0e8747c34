cwlVersion: v1.2
class: Workflow
label: Fit a line to readings that have a gap
doc: Its third step fails on purpose, so that one can see how a failure is told and what provenance keeps of it.

inputs:
  readings:
    type: File
    label: Time and temperature a line

outputs:
  summary:
    type: File
    outputSource: describe/text

steps:
  sort:
    run:
      class: CommandLineTool
      baseCommand: python3
      inputs:
        script:
          type: File
          default: {class: File, location: scripts/sort.py}
          inputBinding: {position: 0}
        readings: {type: File, inputBinding: {position: 1}}
      outputs:
        sorted: {type: File, outputBinding: {glob: sorted.csv}}
    in: {readings: readings}
    out: [sorted]
  smooth:
    run:
      class: CommandLineTool
      baseCommand: python3
      inputs:
        script:
          type: File
          default: {class: File, location: scripts/smooth.py}
          inputBinding: {position: 0}
        readings: {type: File, inputBinding: {position: 1}}
      outputs:
        smoothed: {type: File, outputBinding: {glob: smoothed.csv}}
    in: {readings: sort/sorted}
    out: [smoothed]
  fit:
    run:
      class: CommandLineTool
      baseCommand: python3
      inputs:
        script:
          type: File
          default: {class: File, location: scripts/fit.py}
          inputBinding: {position: 0}
        readings: {type: File, inputBinding: {position: 1}}
      outputs:
        line: {type: File, outputBinding: {glob: line.json}}
    in: {readings: smooth/smoothed}
    out: [line]
  describe:
    run:
      class: CommandLineTool
      baseCommand: [cat]
      inputs:
        line: {type: File, inputBinding: {position: 1}}
      stdout: summary.txt
      outputs:
        text: stdout
    in: {line: fit/line}
    out: [text]
