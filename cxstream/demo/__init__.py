"""The bundled conversations and the live view of `cxstream demo`; nothing but the command line imports it."""
