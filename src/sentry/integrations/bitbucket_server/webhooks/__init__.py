"""What Bitbucket Data Center sends."""
