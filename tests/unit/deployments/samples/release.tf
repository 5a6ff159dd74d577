variable "image" {
  default = {
    repository = "ghcr.io/cognary/aionis"
    tag        = "⟦v0.2.0|TAG@DIGEST⟧"
  }
}

variable "worker" {
  default = {
    repository = "ghcr.io/cognary/aionis-worker"
    tag        = "v0.2.0"
  }
}
