/* SPDX-License-Identifier: GPL-3.0-or-later */
/* screen.c - `livemend [STICK]` */
#include "cli/cli.h"

int cli_screen(struct cli *cli)
{
	return cli_status(cli);
}
