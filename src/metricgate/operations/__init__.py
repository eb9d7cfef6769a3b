"""What people and operators do with a project, whatever door they come through."""
