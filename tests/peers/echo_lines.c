/* Writes each line of its standard input to its standard output. */
#include <stdio.h>

int main(void) {
  char line[4096];
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (fputs(line, stdout) == EOF || fflush(stdout) == EOF) return 1;
  }
  return ferror(stdin) ? 1 : 0;
}
