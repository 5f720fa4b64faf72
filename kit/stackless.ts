/**
 * Makes an error without a stack, whose frames are most of what an error costs. A service that is away makes hundreds of them for
 * one answer, and where in our code they were made tells nobody anything. What they were made of keeps its own stack.
 */
export function stackless<Made>(make: () => Made): Made {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
