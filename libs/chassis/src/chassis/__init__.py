"""How any service stands, hears and speaks; it knows no business."""
