"""What a page means to a person: what fields ask for, what elements are called, what may be pressed."""
