"""How any service stands, hears and speaks; it knows no business."""

import warnings

# The embedded PostgreSQL's library asks for a folder that many machines do not have, and needs it for nothing we use.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
