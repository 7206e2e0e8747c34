class: Workflow
cwlVersion: v1.0
inputs: []
outputs: []
steps:
  wait:
    run:
      class: CommandLineTool
      baseCommand: [sleep, "600"]
      inputs: []
      outputs: []
    in: []
    out: []
