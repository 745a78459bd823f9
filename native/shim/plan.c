/* Decoder of the launch message: bounded, in place, no allocation. Everything after it trusts what it let through. */
#include <errno.h>
#include <string.h>
#include "plan.h"

struct cursor {
	const char *at, *end;
};

static const struct {
	uint16_t code;
	const char *fields;
} signatures[] = {
#define X(name, code, fields) { code, fields },
	RECORDS(X)
#undef X
};

static uint32_t load32(const char *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof v);
	return v;
}

static int take(struct cursor *c, size_t count, const char **out)
{
	if ((size_t)(c->end - c->at) < count)
		return -EINVAL;
	*out = c->at;
	c->at += count;
	return 0;
}

static int take32(struct cursor *c, uint64_t *out)
{
	const char *p;
	if (take(c, 4, &p))
		return -EINVAL;
	*out = load32(p);
	return 0;
}

static int take_string(struct cursor *c, struct arg *arg)
{
	if (take32(c, &arg->n) || take(c, arg->n + 1, &arg->s))
		return -EINVAL;
	return memchr(arg->s, 0, arg->n + 1) == arg->s + arg->n ? 0 : -EINVAL;
}

static int take_list(struct cursor *c, struct arg *arg, int strings)
{
	if (take32(c, &arg->n) || arg->n > LIMIT_ELEMENTS)
		return -EINVAL;
	arg->s = c->at;
	for (uint64_t i = 0; i < arg->n; i++) {
		struct arg element;
		if (strings ? take_string(c, &element) : take32(c, &element.n))
			return -EINVAL;
	}
	return 0;
}

static int take_field(struct cursor *c, char type, struct arg *arg)
{
	const char *p;
	switch (type) {
	case '1':
		return take32(c, &arg->n);
	case '2':
		if (take(c, 8, &p))
			return -EINVAL;
		memcpy(&arg->n, p, 8);
		return 0;
	case '3':
		return take_string(c, arg);
	case '4':
		return take_list(c, arg, 1);
	case '5':
		return take_list(c, arg, 0);
	default:
		return take32(c, &arg->n) ? -EINVAL : take(c, arg->n, &arg->s);
	}
}

static const char *signature_of(uint16_t code)
{
	for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
		if (signatures[i].code == code)
			return signatures[i].fields;
	return NULL;
}

static int take_record(struct cursor *c, struct record *r)
{
	const char *head, *body;
	memset(r, 0, sizeof *r);
	r->fd = -1;
	if (take(c, 8, &head))
		return -EINVAL;
	memcpy(&r->code, head, 2);
	memcpy(&r->tolerated, head + 2, 2);
	uint32_t length = load32(head + 4);
	const char *fields = signature_of(r->code);
	if (!fields || take(c, 4u * r->tolerated, &r->tolerate) || take(c, length, &body))
		return -EINVAL;
	struct cursor inner = { body, body + length };
	for (int i = 0; fields[i]; i++)
		if (take_field(&inner, fields[i], &r->arg[i]))
			return -EINVAL;
	return inner.at == inner.end ? 0 : -EINVAL;
}

int plan_count(const char *bytes, size_t length)
{
	if (length < 16 || length > LIMIT_MESSAGE || load32(bytes) != LAUNCH_MAGIC || load32(bytes + 4) != LAUNCH_VERSION ||
	    load32(bytes + 8) != length)
		return -EINVAL;
	uint32_t count = load32(bytes + 12);
	return count >= 3 && count <= LIMIT_RECORDS ? (int)count : -EINVAL;
}

/* launch, namespaces, joins, steps, exec; nothing out of place. */
static int arrange(struct record *r, uint32_t count, struct plan *plan)
{
	*plan = (struct plan){ .launch = r, .namespaces = r + 1, .joins = r + 2, .exec = r + count - 1 };
	uint32_t i = 2;
	while (i < count - 1 && (r[i].code == OP_JOIN_PATH || r[i].code == OP_JOIN_PROCESS))
		i++;
	plan->join_count = i - 2;
	plan->steps = r + i;
	plan->step_count = count - 1 - i;
	for (; i < count - 1; i++)
		if (r[i].code >= OP_LAUNCH)
			return -EINVAL;
	if (plan->launch->code != OP_LAUNCH || plan->namespaces->code != OP_NAMESPACES || plan->exec->code != OP_EXEC)
		return -EINVAL;
	return plan->exec->arg[EXEC_ARGV].n ? 0 : -EINVAL;
}

int plan_decode(const char *bytes, size_t length, struct record *records, struct plan *plan)
{
	int count = plan_count(bytes, length);
	if (count < 0)
		return count;
	struct cursor c = { bytes + 16, bytes + length };
	for (int i = 0; i < count; i++)
		if (take_record(&c, &records[i]))
			return -EINVAL;
	return c.at == c.end ? arrange(records, (uint32_t)count, plan) : -EINVAL;
}

const char *plan_string(const char **cursor)
{
	const char *s = *cursor + 4;
	*cursor = s + load32(*cursor) + 1;
	return s;
}

uint32_t plan_u32(const char *list, uint32_t i)
{
	return load32(list + 4ul * i);
}

int plan_tolerates(const struct record *step, int error)
{
	for (uint32_t i = 0; i < step->tolerated; i++)
		if (load32(step->tolerate + 4ul * i) == (uint32_t)error)
			return 1;
	return 0;
}
