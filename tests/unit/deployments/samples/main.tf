locals {
  image = "ghcr.io/cognary/aionis⟦:v0.2.0|:TAG@DIGEST⟧"
  // image = "ghcr.io/cognary/aionis:v0.1.0"
}

resource "google_cloud_run_v2_service" "aionis" {
  name     = "aionis"
  template {
    containers {
      image = "ghcr.io/cognary/aionis⟦:v0.2.0|:TAG@DIGEST⟧"
      env {
        name  = "EDGE"
        value = "ghcr.io/cognary/aionis:standalone-v0.2.0"
      }
    }
  }
}
