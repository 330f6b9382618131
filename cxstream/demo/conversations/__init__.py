"""The bundled stories: data only. A package, so that they are installed with the code."""
