"""Schema history. An installed wheel carries this folder as `gallery_db/migrations`."""
