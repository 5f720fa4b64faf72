/** The API key the sandbox's graph service accepts. It opens nothing else: everybody can read it here. */
export const sandboxGraphKey = 'rg_test_SandboxGraphServiceKey0000000000001';
