local k = import 'k.libsonnet';
// the API
{
  _config+:: {
    image: 'ghcr.io/cognary/aionis⟦:v0.2.0|:TAG@DIGEST⟧',
    edge: "ghcr.io/cognary/aionis:standalone-v0.2.0",
    chart: { image: { repository: 'ghcr.io/cognary/aionis', tag: '⟦v0.2.0|TAG⟧' } },
  },
  deployment: k.deployment($._config.image, replicas=2),
}
