"""The forms of credentials' parts, for providers' metadata.

Lengths stand beside the patterns: a count inside of one is unrolled by pydantic's regular
expressions, and ``{1,4096}`` takes megabytes in every process.
"""

from typing import Annotated

from pydantic import StringConstraints

LONGEST_OAUTH_TOKEN = 16_384

type TokenText = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=4096)]
type PasswordText = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=4096)
]
# VSCHAR, of RFC 6749's appendix A.
type OAuthClientText = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]+$", max_length=1024)]
type OAuthTokenText = Annotated[
    str, StringConstraints(pattern=r"^[\x21-\x7e]+$", max_length=LONGEST_OAUTH_TOKEN)
]
