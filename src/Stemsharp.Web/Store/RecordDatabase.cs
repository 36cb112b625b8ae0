using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Stemsharp.Web.Store;

/// <summary>
/// The records of jobs and the notes on songs, a row each, in a SQLite database with a write-ahead log. A change is a transaction: when its call returns it is on the
/// disk, power cut or not, and otherwise nothing of it is. Not for several threads at once.
/// </summary>
internal sealed class RecordDatabase : IDisposable
{
    /// <summary>The table of jobs.</summary>
    public const string Jobs = "jobs";

    /// <summary>The table of notes, by the songs' ids.</summary>
    public const string Notes = "notes";

    /// <summary>The form of the database; a server refuses one that it does not know.</summary>
    private const int Form = 2;

    /// <summary>Its tables, each of ids and records, with the form that has brought them.</summary>
    private static readonly (string Name, int Form)[] Tables = [(Jobs, 1), (Notes, 2)];

    /// <summary>Seconds to wait for another program that holds the database. The whole queue waits.</summary>
    private const int Patience = 2;
    private readonly SqliteConnection _connection;

    private RecordDatabase(SqliteConnection connection, bool isNew) => (_connection, IsNew) = (connection, isNew);

    /// <summary>Whether the database was made by this call of <see cref="Open"/>.</summary>
    public bool IsNew { get; }

    /// <summary>Opens a database, or makes it where there is none.</summary>
    /// <exception cref="StoreException">Its file is damaged (<see cref="StoreErrorKind.Damaged"/>).</exception>
    /// <exception cref="StemsharpException">It cannot be used, and why.</exception>
    public static RecordDatabase Open(string path)
    {
        SqliteConnection connection = Connect(path, SqliteOpenMode.ReadWriteCreate);
        try
        {
            connection.Open();
            // Where a file system cannot share memory, such as a network's, SQLite stays with a rollback journal, which is as safe.
            Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA trusted_schema = OFF");
            if (Scalar(connection, "PRAGMA quick_check(1)") is string fault and not "ok")
            {
                throw new StoreException(StoreErrorKind.Damaged, fault);
            }

            int form = Convert.ToInt32(Scalar(connection, "PRAGMA user_version"), CultureInfo.InvariantCulture);
            if (form > Form)
            {
                throw new OptionException(
                    $"The queue's database {path} is of form {form}, and this server knows forms up to {Form}: a newer server has written it. Start that one, or give this one a folder of its own with --data.");
            }

            if (form < Form)
            {
                using SqliteTransaction transaction = connection.BeginTransaction();
                foreach ((string table, _) in Tables.Where(table => table.Form > form))
                {
                    Execute(connection, $"CREATE TABLE {table} (id TEXT PRIMARY KEY NOT NULL, record TEXT NOT NULL) STRICT");
                }

                Execute(connection, $"PRAGMA user_version = {Form}");
                transaction.Commit();
            }

            return new RecordDatabase(connection, form == 0);
        }
        catch (SqliteException error)
        {
            connection.Dispose();
            throw Refusal(error) switch
            {
                StoreException { Kind: StoreErrorKind.Damaged } damaged => damaged,
                StoreException { Kind: StoreErrorKind.Busy } => new OptionException($"Another program holds the queue's database {path}. Close that program, and start again.", error),
                Exception other => new OutputException($"The queue's database {path} cannot be used: {other.Message}", error),
            };
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>What can be read of a damaged database: rows from its start to the damage, and from its end back to it.</summary>
    public static IReadOnlyList<(string Id, string Record)> Salvage(string path, string table)
    {
        Dictionary<string, string> rows = [];
        foreach (string direction in (string[])["ASC", "DESC"])
        {
            try
            {
                using SqliteConnection connection = Connect(path, SqliteOpenMode.ReadWrite);
                connection.Open();
                foreach ((string id, string record) in Rows(connection, table, direction))
                {
                    rows.TryAdd(id, record);
                }
            }
            catch (Exception error) when (error is SqliteException or InvalidCastException)
            {
                // The damage: what lies behind it comes from the other side.
            }
        }

        return [.. rows.Select(row => (row.Key, row.Value))];
    }

    /// <summary>All rows of a table, in no order that matters.</summary>
    public IReadOnlyList<(string Id, string Record)> Read(string table) => Attempt(() => Rows(_connection, table, "ASC").ToArray());

    /// <summary>Writes rows, new or changed: all of them or none.</summary>
    public void Write(string table, IEnumerable<(string Id, string Record)> rows) =>
        Change($"INSERT INTO {table} (id, record) VALUES ($id, $record) ON CONFLICT (id) DO UPDATE SET record = excluded.record", rows);

    /// <summary>Adds those rows that are not there yet: all of them or none.</summary>
    public void Add(string table, IEnumerable<(string Id, string Record)> rows) =>
        Change($"INSERT INTO {table} (id, record) VALUES ($id, $record) ON CONFLICT (id) DO NOTHING", rows);

    public void Delete(string table, string id) => Attempt(() =>
    {
        using SqliteCommand command = About(id, $"DELETE FROM {table} WHERE id = $id");
        return command.ExecuteNonQuery();
    });

    /// <summary>Bytes of a row's record; 0 where there is none.</summary>
    public long Length(string table, string id) => Attempt(() =>
    {
        using SqliteCommand command = About(id, $"SELECT octet_length(record) FROM {table} WHERE id = $id");
        return command.ExecuteScalar() as long? ?? 0;
    });

    public void Dispose() => _connection.Dispose();

    private static SqliteConnection Connect(string path, SqliteOpenMode mode) =>
        new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = Patience }.ToString());

    private static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private static IEnumerable<(string Id, string Record)> Rows(SqliteConnection connection, string table, string direction)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT id, record FROM {table} ORDER BY rowid {direction}";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return (reader.GetString(0), reader.GetString(1));
        }
    }

    private SqliteCommand About(string id, string sql)
    {
        SqliteCommand command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$id", id);
        return command;
    }

    private void Change(string sql, IEnumerable<(string Id, string Record)> rows) => Attempt(() =>
    {
        using SqliteTransaction transaction = _connection.BeginTransaction();
        using SqliteCommand command = _connection.CreateCommand();
        (command.CommandText, command.Transaction) = (sql, transaction);
        SqliteParameter id = command.Parameters.Add("$id", SqliteType.Text), record = command.Parameters.Add("$record", SqliteType.Text);
        foreach ((string Id, string Record) row in rows)
        {
            (id.Value, record.Value) = (row.Id, row.Record);
            command.ExecuteNonQuery();
        }

        transaction.Commit();
        return true;
    });

    private static T Attempt<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException error)
        {
            throw Refusal(error);
        }
    }

    private static Exception Refusal(SqliteException error) => error.SqliteErrorCode switch
    {
        raw.SQLITE_FULL => new StoreException(StoreErrorKind.DiskFull, "The disk is full. Make room on it and try again.", error),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => new StoreException(
            StoreErrorKind.Busy, "Another program holds the server's database of jobs. Try again when it has let go, or close it.", error),
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => new StoreException(
            StoreErrorKind.Damaged, "The server's database of jobs is damaged. Start the server anew: it keeps what can be read of it.", error),
        _ => new IOException(error.Message, error),
    };
}
