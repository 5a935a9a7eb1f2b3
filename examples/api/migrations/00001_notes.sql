-- While a deployment is under way tasks of two versions run beside each other, and
-- one that is turned back leaves its schema: a migration must suit the version
-- before it, too. MySQL has no transactions around changes of tables, so each file
-- makes one.

-- +goose Up
create table notes (
    id bigint not null auto_increment primary key,
    text varchar(2000) character set utf8mb4 not null,
    created_at datetime(3) not null
);

-- +goose Down
drop table notes;
