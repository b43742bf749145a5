"""The library: write, order, pin and retire tips, read them in, choose the next one.

Knows nothing of mail, people or pages. `library` holds the operator's verbs, `sources`
reads files, `importing` and `exporting` move whole libraries, `cleaning` keeps what is
unsafe out of every text, `choosing` and `planning` decide what goes out when.
"""
