"""The people who get the newsletter: who they are and who may be mailed.

Knows nothing of tips, issues, SMTP, templates or the web. It opens no connection and
reads no configuration: callers bring a session, a key and the time.
"""
