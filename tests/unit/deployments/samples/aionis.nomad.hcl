job "aionis" {
  datacenters = ["fra1"]
  group "api" {
    count = 2
    task "api" {
      driver = "docker"
      config {
        image = "ghcr.io/cognary/aionis⟦:v0.2.0|:TAG@DIGEST⟧" # api
        ports = ["http"]
      }
      resources { cpu = 500, memory = 512 }
    }
  }
}
