// A shared object of somebody else.
extern "C" int answer() { return 42; }
