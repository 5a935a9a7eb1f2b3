package config

import (
	"slices"
	"strings"
)

// reservedWords are those that MySQL 8.0, which Aurora MySQL 3 is compatible with,
// takes for a name only in quotes.
// https://dev.mysql.com/doc/refman/8.0/en/keywords.html
var reservedWords = strings.Fields(`
accessible add all alter analyze and as asc asensitive before between bigint binary blob both by call cascade case change
char character check collate column condition constraint continue convert create cross cube cume_dist current_date
current_time current_timestamp current_user cursor database databases day_hour day_microsecond day_minute day_second dec
decimal declare default delayed delete dense_rank desc describe deterministic distinct distinctrow div double drop dual
each else elseif empty enclosed escaped except exists exit explain false fetch first_value float float4 float8 for force
foreign from fulltext function generated get grant group grouping groups having high_priority hour_microsecond
hour_minute hour_second if ignore in index infile inner inout insensitive insert int int1 int2 int3 int4 int8 integer
intersect interval into io_after_gtids io_before_gtids is iterate join json_table key keys kill lag last_value lateral
lead leading leave left like limit linear lines load localtime localtimestamp lock long longblob longtext loop
low_priority master_bind master_ssl_verify_server_cert match maxvalue mediumblob mediumint mediumtext middleint
minute_microsecond minute_second mod modifies natural no_write_to_binlog not nth_value ntile null numeric of on optimize
optimizer_costs option optionally or order out outer outfile over partition percent_rank precision primary procedure
purge range rank read read_write reads real recursive references regexp release rename repeat replace require resignal
restrict return revoke right rlike row row_number rows schema schemas second_microsecond select sensitive separator set
show signal smallint spatial specific sql sql_big_result sql_calc_found_rows sql_small_result sqlexception sqlstate
sqlwarning ssl starting stored straight_join system table terminated then tinyblob tinyint tinytext to trailing trigger
true undo union unique unlock unsigned update usage use using utc_date utc_time utc_timestamp values varbinary varchar
varcharacter varying virtual when where while window with write xor year_month zerofill`)

// systemNames are the databases that every cluster has.
// https://dev.mysql.com/doc/refman/8.0/en/system-schema.html
var systemNames = []string{"information_schema", "innodb", "mysql", "performance_schema", "sys", "tmp"}

// usersOfRDS begin the names of the users that RDS makes for itself.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraMySQL.Security.html
var usersOfRDS = []string{"rdsadmin", "rdsproxyadmin", "rdsrepladmin", "rds_"}

func reservedName(name string) string {
	name = strings.ToLower(name)
	switch {
	case slices.Contains(reservedWords, name):
		return "MySQL reserves the word"
	case slices.Contains(systemNames, name):
		return "MySQL has a database of that name"
	case strings.HasPrefix(name, "rdsadmin"):
		return "RDS reserves the name"
	}
	return ""
}

func reservedUser(name string) string {
	if hint := reservedName(name); hint != "" {
		return hint
	}
	if slices.ContainsFunc(usersOfRDS, func(user string) bool { return strings.HasPrefix(strings.ToLower(name), user) }) {
		return "RDS reserves the name"
	}
	return ""
}
