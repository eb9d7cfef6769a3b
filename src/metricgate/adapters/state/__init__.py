"""States: what is kept, behind the ports of ``state``. One package each; ``sqlite`` is the embedded one."""
