"""What Bitbucket sends."""
