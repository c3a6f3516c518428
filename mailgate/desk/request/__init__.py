"""What an agent asks for, with its text and the tickets that it merges or splits."""
