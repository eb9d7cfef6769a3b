"""Checked documents -> definitions: names resolved, expressions parsed, joins checked, problems collected."""
