"""Where settings come from, in which order, and that secrets stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxstream.settings import Settings


def test_a_secret_from_a_file_and_the_environment_over_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sasl_password").write_text("from-a-file\n")
    monkeypatch.setenv("CXSTREAM_SECRETS_DIR", str(tmp_path))
    settings = Settings()
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == "from-a-file"
    assert "from-a-file" not in repr(settings)
    monkeypatch.setenv("CXSTREAM_SASL_PASSWORD", "from-the-environment")
    over = Settings().sasl_password
    assert over is not None and over.get_secret_value() == "from-the-environment"
    assert Settings(app_id="other").app_id == "other", "the command line wins"
