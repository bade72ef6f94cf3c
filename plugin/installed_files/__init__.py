"""iconface's own files on the user's machine: written, replaced and removed only while they are ours."""
