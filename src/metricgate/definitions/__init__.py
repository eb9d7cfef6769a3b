"""What a project defines, kind by kind: loaded, checked, versioned, put in force and loaded again."""
