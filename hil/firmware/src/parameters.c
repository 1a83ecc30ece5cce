/* parameters.c: numbers out of a flat JSON object, found by their key. */
#include "parameters.h"

#include <stdlib.h>
#include <string.h>

#include "database.h"

parameters_t parameters;

/* Behind the closing quote of the string that starts at text; NULL where it does not end. */
static const char *end_of_string(const char *text)
{
    for (text++; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0') {
            text++;
        } else if (*text == '"') {
            return text + 1;
        }
    }
    return NULL;
}

/* The number that stands behind a key of the outermost object, or the default. */
static double number(const char *text, const char *key, double otherwise)
{
    const size_t length = strlen(key);
    int depth = 0;
    while (text != NULL && *text != '\0') {
        if (*text == '"') {
            const char *end = end_of_string(text);
            const char *colon = end == NULL ? NULL : end + strspn(end, " \t\r\n");
            const bool is_key = depth == 1 && colon != NULL && *colon == ':';
            if (is_key && (size_t)(end - text) == length + 2u && strncmp(text + 1, key, length) == 0) {
                return strtod(colon + 1, NULL);
            }
            text = end;
            continue;
        }
        depth += (*text == '{' || *text == '[') - (*text == '}' || *text == ']');
        text++;
    }
    return otherwise;
}

static bool is_within(double value, double least, double most)
{
    return value >= least && value <= most;
}

bool parameters_read(const char *config)
{
    const double cells = number(config, "cell_count", 0.0);
    const double temperatures = number(config, "temperature_count", 0.0);
    const double current_A = number(config, "rated_current_a", 0.0);
    const double capacity_Ah = number(config, "rated_capacity_ah", 0.0);
    const double soh = number(config, "soh", 1.0);
    const double precharge_s = number(config, "precharge_timeout_s", 5.0);

    if (!is_within(cells, 1.0, CELLS_MAX) || !is_within(temperatures, 1.0, TEMPERATURES_MAX) ||
        !is_within(current_A, 1.0, 10000.0) || !is_within(capacity_Ah, 1.0, 100000.0) || !is_within(soh, 0.1, 1.0) ||
        !is_within(precharge_s, 0.1, 60.0)) {
        return false;
    }
    parameters.cell_count = (uint32_t)cells;
    parameters.temperature_count = (uint32_t)temperatures;
    parameters.rated_current_mA = (int32_t)(1000.0 * current_A);
    parameters.rated_capacity_Ah = capacity_Ah;
    parameters.soh = soh;
    parameters.precharge_timeout_ms = (uint32_t)(1000.0 * precharge_s);
    return true;
}
