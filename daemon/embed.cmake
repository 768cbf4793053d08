# RESULT, a C file that holds the text of FILE as `const char NAME[]`.
file(READ ${FILE} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
file(WRITE ${RESULT} "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${bytes}0x00 };\n")
