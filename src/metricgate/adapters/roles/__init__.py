"""Role engines behind the policy room's ``RoleBook`` port."""
