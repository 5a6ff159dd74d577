import { ContainerImage, FargateTaskDefinition } from 'aws-cdk-lib/aws-ecs';

/* ghcr.io/cognary/aionis is public */
const image = ContainerImage.fromRegistry('ghcr.io/cognary/aionis⟦:v0.2.0|:TAG@DIGEST⟧');
export const edge = ContainerImage.fromRegistry(`ghcr.io/cognary/aionis:standalone-v0.2.0`);
export const any = (tag: string) => ContainerImage.fromRegistry(`ghcr.io/cognary/aionis:${tag}`);
export const task = (scope: any) => new FargateTaskDefinition(scope, 'aionis').addContainer('api', { image });
