"""What several executors ask for in the same words: the fields of their schemas, to be taken as they are."""

from __future__ import annotations

from typing import Any

Field = dict[str, Any]

FILE_PATH: Field = {
    "type": "string",
    "title": "Path",
    "description": "The file, on the machine of the console; ~ is your home folder",
    "format": "file-path",
    "minLength": 1,
}
BEARER_TOKEN: Field = {
    "type": "string",
    "title": "Bearer token",
    "description": "Sent as Authorization: Bearer …; shown nowhere",
    "writeOnly": True,
    "minLength": 1,
}
HEADERS: Field = {
    "type": "object",
    "title": "Headers",
    "description": "Request headers; a token belongs into its own field below",
    "additionalProperties": {"type": "string"},
}
VERIFY_TLS: Field = {
    "type": "boolean",
    "title": "Verify TLS",
    "description": "Refuse certificates that are not trusted",
    "default": True,
}
ENVIRONMENT: Field = {
    "type": "object",
    "title": "Environment",
    "propertyNames": {"pattern": "^[^=\\u0000]+$"},
    "additionalProperties": {"type": "string"},
}
TIME_LIMIT: Field = {
    "type": "number",
    "title": "Timeout",
    "description": "Seconds until it is ended; absent: no limit",
    "exclusiveMinimum": 0,
    "maximum": 604_800,
}
WEB_ADDRESS: Field = {
    "type": "string",
    "title": "URL",
    "description": "An http or https address",
    "format": "uri",
    "pattern": "^[hH][tT][tT][pP][sS]?://",
    "x-errorMessage": "must begin with http:// or https://",
}
ENCODING: Field = {
    "type": "string",
    "title": "Encoding",
    "default": "utf-8",
    "examples": ["utf-8", "latin-1", "utf-16"],
    "minLength": 1,
}
