"""Output formats, one file each. They show what others computed."""
