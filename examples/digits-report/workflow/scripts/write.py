"""Write the page, its picture inside: `write.py TITLE METRICS READINGS PNG`."""

import base64
import html
import json
import sys
from pathlib import Path

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #22303c; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { padding: .2rem .9rem; text-align: right; border-bottom: 1px solid #e4e9ec }
img { width: 100% } b { color: #2f6f9f }
"""

title, metrics_file, readings_file, png = sys.argv[1:]
metrics = json.loads(Path(metrics_file).read_text())
readings = json.loads(Path(readings_file).read_text())
picture = base64.b64encode(Path(png).read_bytes()).decode()

labels = "".join(
    f"<tr><td>{row['label']}<td>{row['digits']}<td>{row['right']}<td>{row['right'] / row['digits']:.1%}"
    for row in readings["by_label"]
)
tries = "".join(f"<tr><td>{t['C']:g}<td>{t['validation']:.1%}" for t in metrics["tries"])
Path("report.html").write_text(
    f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>
<h1>{html.escape(title)}</h1>
<p>The model with C = {metrics["best"]:g} reads <b>{readings["right"]} of {readings["digits"]}</b> digits right that it had
never seen: <b>{readings["right"] / readings["digits"]:.1%}</b>.</p>
<img alt="Weights of the model and its surest mistakes" src="data:image/png;base64,{picture}">
<h2>Digit by digit</h2>
<table><tr><th>digit<th>images<th>read right<th>share{labels}</table>
<h2>What was tried</h2>
<table><tr><th>C<th>validation{tries}</table>
</html>
""",
    encoding="utf-8",
)
print("wrote report.html")
