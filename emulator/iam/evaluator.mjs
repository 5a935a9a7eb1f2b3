// Evaluates IAM requests: a line of JSON in, a line of JSON out, in the same order.
// It ends when its standard input does.
import { createValidatedPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'
import { createInterface } from 'node:readline'

// The keys of a web identity's claims, such as token.actions.githubusercontent.com:sub,
// are documented in part only, and the evaluator drops those that it does not know:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
const claims = /^[a-z0-9-]+(\.[a-z0-9-]+)+:/

async function evaluate(request) {
  const { principal, action, resource, account, context, identity = [], resourcePolicy } = request
  const simulation = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: identity.map((policy, i) => ({ name: String(i), policy })),
    // With a name, without which the unchecked simulation does not read it.
    resourcePolicy: resourcePolicy && createValidatedPolicy(resourcePolicy, validateResourcePolicy, { name: 'resource' }),
    serviceControlPolicies: [],
    resourceControlPolicies: []
  }
  const checked = await runSimulation(simulation, {})
  if (checked.resultType === 'error') return { error: JSON.stringify(checked.errors) }
  const { ignoredContextKeys: ignored = [], analysis } = checked.result ?? checked.results[0] ?? {}
  if (ignored.length === 0) return { result: checked.overallResult, deniedBy: deniedBy(analysis) }
  if (ignored.every((key) => claims.test(key))) return { result: runUnsafeSimulation(simulation, {}) }
  return { error: `${action} has no context keys ${ignored.join(', ')}` }
}

function deniedBy(analysis) {
  if (analysis?.result !== 'ExplicitlyDenied') return undefined
  return analysis.resourceAnalysis?.result === 'ExplicitlyDenied' ? 'resource' : 'identity'
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer
  try {
    answer = await evaluate(JSON.parse(line))
  } catch (error) {
    answer = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
