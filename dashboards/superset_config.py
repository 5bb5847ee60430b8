"""Superset's configuration: everything that differs from its defaults, from what `wres up` (or the container) tells it.

``WRES_SUPERSET_DATABASE`` is where Superset keeps its own tables, ``WRES_SUPERSET_SECRET_KEY`` signs its sessions, and
``WRES_SUPERSET_WAREHOUSE`` is the warehouse's address with the login of ``bi_reader``. No secret is in a file.
"""

from __future__ import annotations

import os
from typing import Any

from sqlalchemy.engine import URL, make_url

SQLALCHEMY_DATABASE_URI = os.environ["WRES_SUPERSET_DATABASE"]
SECRET_KEY = os.environ["WRES_SUPERSET_SECRET_KEY"]
APP_NAME = "WRES dashboards"
# Airflow, on another port of the same machine, has a cookie called session too.
SESSION_COOKIE_NAME = "superset_session"

# Word, symbol and colour say the same; these colours (after Okabe and Ito) stay apart for the colour-blind too.
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "wres",
        "description": "Okabe and Ito's colours, which the colour-blind tell apart",
        "label": "WRES",
        "isDefault": True,
        "colors": ["#0072B2", "#D55E00", "#595959", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"],
    }
]
# The charts' own small drawings (intervals, shares) are boxes with a place and a width.
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {
    "attributes": {"*": ["style", "className", "role", "scope", "title"]},
    "tagNames": ["style"],
}
# Nothing outside this machine is asked for: no fonts, no maps, and not the image by which Superset counts its users.
# 'unsafe-eval' is for Handlebars, which compiles its templates; only an administrator can write one.
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        "script-src": ["'self'", "'strict-dynamic'", "'unsafe-eval'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
RATELIMIT_STORAGE_URI = "memory://"


def DB_CONNECTION_MUTATOR(  # noqa: N802 - Superset's name
    uri: URL, params: dict[str, Any], *_: object
) -> tuple[URL, dict[str, Any]]:
    """Put address and password in as a connection is made: neither is kept in the assets nor in Superset's tables."""
    return make_url(os.environ["WRES_SUPERSET_WAREHOUSE"]), params
