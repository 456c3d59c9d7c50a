"""What must not be imported before somebody asks for it."""

raise RuntimeError("no brush found")
